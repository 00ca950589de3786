import { GroupQueue } from '../../store/redis/group-queue';

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Four ask ten times each, two of them a moment later than the others. */
async function sizesOfGroups(turnsBetween: number): Promise<readonly number[]> {
  const sizes: number[] = [];
  const queue = new GroupQueue<Asked>(
    {
      send: async (group) => {
        sizes.push(group.length);
        await new Promise(setImmediate);
        return {
          tell: () => {
            for (const { resolve } of group) resolve();
          },
        };
      },
      sizeOf: () => 1,
    },
    turnsBetween,
  );
  const asker = async (): Promise<void> => {
    for (let times = 0; times < 10; times++) {
      await new Promise<void>((resolve, reject) => void queue.add('redis', { resolve, reject }));
    }
  };
  const first = [asker(), asker()];
  await new Promise(setImmediate);
  await Promise.all([...first, asker(), asker()]);
  return sizes;
}

test('where there are more cores, a group is on its way before those of the last one are told', async () => {
  expect(await sizesOfGroups(0)).toEqual(Array(20).fill(2));
});

test('on a single core those who ask again when they are told go together with those who wait', async () => {
  expect(await sizesOfGroups(2)).toEqual([2, ...Array(9).fill(4), 2]);
});
