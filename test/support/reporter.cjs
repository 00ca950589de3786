const { writeSync } = require('node:fs');

/**
 * Ends Jest's output with one line that machines can read: `tests: N passed, N failed, N skipped`.
 * A file that could not be run at all counts as one failed test. Skipped tests are listed with their titles, which say
 * what they need (see packages.ts).
 */
module.exports = class {
  onRunComplete(_contexts, results) {
    const skippedTitles = results.testResults
      .flatMap((file) => file.testResults)
      .filter((test) => test.status === 'pending')
      .map((test) => `skipped: ${test.fullName}\n`);
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `tests: ${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`;
    // Jest adds its own summary after all reporters, so the last line has to wait for the end of the process.
    process.once('exit', () => writeSync(process.stdout.fd, skippedTitles.join('') + line));
  }
};
