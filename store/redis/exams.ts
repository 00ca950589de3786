import { type Exam, isRunning } from '../../core/exam';
import type { ExamStore } from '../store';
import { Change } from './change';
import { CHANGED, type Engine } from './engine';
import { decode, decodeIf, encode } from './records';

export function examStore(engine: Engine): ExamStore {
  const key = engine.keys.town('exams');
  return {
    putExam: (exam) =>
      engine.operation(async () => {
        await engine.commit(new Change().write('HSET', key, exam.site, encode(exam)));
      }),
    endExam: (site, now) =>
      engine.operation((redis) =>
        engine.decide(async () => {
          const lying = await redis.hget(key, site);
          const exam = decodeIf<Exam>(lying);
          if (exam === undefined) return false;
          const change = new Change().expect(key, site, lying).write('HDEL', key, site);
          return (await engine.commit(change)) ? isRunning(exam, now) : CHANGED;
        }),
      ),
    findExam: (site, now) =>
      engine.operation(async (redis) => {
        const exam = decodeIf<Exam>(await redis.hget(key, site));
        return exam !== undefined && isRunning(exam, now) ? exam : undefined;
      }),
    exams: (now) =>
      engine.operation(async (redis) => {
        const all = Object.values(await redis.hgetall(key)).map((text) => decode<Exam>(text));
        return new Map(all.filter((exam) => isRunning(exam, now)).map((exam) => [exam.site, exam]));
      }),
  };
}
