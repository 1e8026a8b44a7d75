// What a world needs of the library. The mutants are built from here, with everything that it imports.
export { createGrantEngine } from '../../../src/grants/grant-engine.js'
export { clearRecords } from '../../../src/grants/record-codec.js'
export { LoginRequiredError, StorageError, TokenEndpointError } from '../../../src/errors/errors.js'
