import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as testing from 'passport-authorization-code/testing'
import { testMovingOver } from '../../support/nest-moving-over.js'

testMovingOver(dirname(dirname(fileURLToPath(import.meta.url))), testing, { isCommonJs: false })
