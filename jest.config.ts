/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const config: Config = {
  testEnvironment: '<rootDir>/test/support/environment.ts',
  maxWorkers: 3,
  // Node.js 20 keeps what the ES modules of a file have loaded, several megabytes each, as long as the worker lives.
  workerIdleMemoryLimit: '512MB',
  testSequencer: '<rootDir>/test/support/sequencer.js',
  // A machine may be busy with something else: a limit is there to end what hangs.
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/support/skipped-reporter.js'],
  roots: ['<rootDir>/test'],
  // Has packages and tests of its own: `npm run test:ecosystem`.
  modulePathIgnorePatterns: ['<rootDir>/test/ecosystem/'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/ecosystem/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^passport-authorization-code$': '<rootDir>/src/index.ts',
    '^passport-authorization-code/(connect|flow-inspector|postgres|redis|testing)$':
      '<rootDir>/src/$1.ts',
    // Sources name their neighbours as they will be after compilation; Jest reads the sources themselves.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }],
  },
}

export default config
