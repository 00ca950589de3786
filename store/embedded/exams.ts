import { type Exam, isRunning } from '../../core/exam';
import type { Millis } from '../../core/time';
import type { ExamStore } from '../store';
import type { Engine } from './engine';

export function examStore(engine: Engine): ExamStore {
  const { exams } = engine.tables;
  const running = (exam: Exam | undefined, now: Millis): exam is Exam => exam !== undefined && isRunning(exam, now);
  return {
    putExam: (exam) =>
      engine.write(() => {
        exams.put(exam.site, exam);
      }),
    endExam: (site, now) =>
      engine.write(() => {
        const wasRunning = running(exams.get(site), now);
        exams.remove(site);
        return wasRunning;
      }),
    findExam: (site, now) =>
      engine.readNow(() => {
        const exam = exams.get(site);
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
