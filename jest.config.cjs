/** Jest runs the TypeScript sources directly through SWC; types are checked by `npm run typecheck`. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // An emulated machine takes minutes and packages of its own: `npm run test:wifi` says otherwise.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/wifi/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  globalSetup: '<rootDir>/test/support/build.cjs',
  // Long enough for a loaded machine: what is waited for is a condition, and only a failure takes this long.
  testTimeout: 120_000,
  // Two processes are enough for two cores, and the tests' own servers need room beside them.
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/test/support/reporter.cjs'],
};
