import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testTests } from '../../support/nest-tests.js'

testTests(dirname(dirname(fileURLToPath(import.meta.url))), { isCommonJs: false })
