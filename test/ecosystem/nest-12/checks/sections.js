import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as testing from 'passport-authorization-code/testing'
import { testSections } from '../../support/nest-sections.js'

testSections(dirname(dirname(fileURLToPath(import.meta.url))), testing, { isCommonJs: false })
