import { type Exam, isRunning } from '../../core/exam';
import type { Millis } from '../../core/time';
import type { ExamStore } from '../store';
import type { Engine } from './engine';

export function examStore(engine: Engine): ExamStore {
  const { exams } = engine.tables;
  // Every page and every login asks for one, and there is hardly ever any. Nobody else writes to these files.
  const current = new Map([...exams.getRange()].map(({ key, value }) => [key, value]));
  const running = (exam: Exam | undefined, now: Millis): exam is Exam => exam !== undefined && isRunning(exam, now);
  return {
    putExam: async (exam) => {
      await engine.write(() => {
        exams.put(exam.site, exam);
      });
      current.set(exam.site, exam);
    },
    endExam: async (site, now) => {
      const wasRunning = await engine.write(() => {
        const found = running(exams.get(site), now);
        exams.remove(site);
        return found;
      });
      current.delete(site);
      return wasRunning;
    },
    findExam: (site, now) =>
      engine.readNow(() => {
        const exam = current.get(site);
        return running(exam, now) ? exam : undefined;
      }),
    exams: (now) =>
      engine.read(
        () =>
          new Map(
            [...exams.getRange()].filter(({ value }) => running(value, now)).map(({ key, value }) => [key, value]),
          ),
      ),
  };
}
