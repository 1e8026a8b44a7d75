import { describe, expect, it, jest } from '@jest/globals'
import type { ClientRequest } from '../../src/client/requests.js'
import type { TokenEndpointSettings } from '../../src/endpoints/token.js'

const SETTINGS = {
  ...{ tokenURL: 'https://as.example/token', tokenRequestFormat: 'form' },
  ...{ tokenParameters: {}, refreshParameters: {}, resource: [] },
  omitRedirectUriInTokenRequest: false,
} as unknown as TokenEndpointSettings

describe('what a token response is read with', () => {
  it.each(['the response', 'ID tokens'])(
    'is loaded before the code is sent: for %s',
    async (what) => {
      const failed = () => Promise.reject(new Error('too many open files'))
      jest.resetModules()
      if (what === 'the response') {
        jest.unstable_mockModule('../../src/endpoints/validated-response.js', failed)
      } else {
        jest.unstable_mockModule('../../src/endpoints/validated-response.js', () => ({}))
      }
      const { createTokenEndpoint } = await import('../../src/endpoints/token.js')
      const request = jest.fn<ClientRequest>()
      const prepare = what === 'ID tokens' ? failed : () => Promise.resolve()
      const verify = Object.assign(() => Promise.resolve({}), { prepare })
      const { exchange, refresh } = createTokenEndpoint(SETTINGS, request, verify)

      const code = { code: 'code-1', redirectUri: 'https://app.example/callback' }
      await expect(exchange(code)).rejects.toThrow('too many open files')
      const tokens = { accessToken: 'a', tokenType: 'bearer', refreshToken: 'r' } as const
      await expect(refresh(tokens)).rejects.toThrow('too many open files')
      expect(request).not.toHaveBeenCalled()
    },
  )
})
