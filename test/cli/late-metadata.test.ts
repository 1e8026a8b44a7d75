import { expect, it } from '@jest/globals'
import { examine } from '../../src/cli/doctor.js'
import { discover } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'

it('doctor reads the metadata of discover.lazy, and says if it cannot', async () => {
  const provider = await startTestProvider()
  const { issuer, clientID, clientSecret } = provider.options
  const client = { clientID, clientSecret, callbackURL: 'https://app.example/auth/callback' }
  const loadOptions = () => Promise.resolve({ ...discover.lazy(issuer), ...client })
  const [options, discovery, connection] = await examine({ loadOptions })
  expect(options).toMatchObject({ check: 'options', status: 'ok' })
  expect(discovery).toMatchObject({ check: 'discovery', status: 'ok' })
  expect(connection).toMatchObject({ check: 'connection', status: 'ok' })
  await provider.close()
  const [first] = await examine({ loadOptions })
  expect(first).toMatchObject({ check: 'discovery', status: 'failed' })
})
