import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as testing from 'passport-authorization-code/testing'
import { testGuide } from '../../support/nest-checks.js'

testGuide(dirname(dirname(fileURLToPath(import.meta.url))), testing, { isCommonJs: true })
