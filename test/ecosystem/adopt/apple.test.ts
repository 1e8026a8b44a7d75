import { generateKeyPairSync } from 'node:crypto'
import { expect } from '@jest/globals'
import { decodeJwt } from 'jose'
import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh, idToken } from '../support/token-endpoint.js'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

tryDonor('passport-apple', {
  application: readmeApp({
    name: 'apple',
    strategy: ({ load, origin }) => {
      const AppleStrategy = load('passport-apple')
      return new AppleStrategy(
        {
          clientID: 'com.example.web',
          teamID: 'ABCDE12345',
          callbackURL: `${origin}/auth`,
          keyID: 'KEY1234567',
          privateKeyString: privateKey.export({ type: 'pkcs8', format: 'pem' }),
          passReqToCallback: true,
        },
        (
          req: { appleProfile: object },
          _accessToken: string,
          _refreshToken: string,
          idToken: string,
          _profile: unknown,
          cb: (error: unknown, user: object) => void,
        ) => cb(null, { id: decodeJwt(idToken).sub, ...req.appleProfile }),
      )
    },
    paths: ['/login', '/auth'],
  }),
  loginPath: '/login',
  callbackPath: '/auth',
  responseMode: 'form_post',
  pkce: false,
  callbackParameters: {
    // https://developer.apple.com/documentation/signinwithapple/incorporating-sign-in-with-apple-into-other-platforms
    user: '{"name":{"firstName":"John","lastName":"Appleseed"},"email":"a@b.example"}',
  },
  provider: {
    // https://developer.apple.com/documentation/signinwithapplerestapi/generate-and-validate-tokens
    'POST https://appleid.apple.com/auth/token': codeOrRefresh(
      {
        access_token: 'adg61...67Or9',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'rca7...lABoQ',
        id_token: idToken({
          iss: 'https://appleid.apple.com',
          sub: '001999.b',
          aud: 'com.example.web',
        }),
      },
      {
        access_token: 'beg510...67Or9',
        token_type: 'Bearer',
        expires_in: 3600,
        id_token: idToken({
          iss: 'https://appleid.apple.com',
          sub: '001999.b',
          aud: 'com.example.web',
        }),
      },
    ),
  },
  authorization: {
    url: 'https://appleid.apple.com/auth/authorize',
    parameters: { scope: 'name email', response_mode: 'form_post', response_type: 'code' },
  },
  user: {
    id: '001999.b',
    name: { firstName: 'John', lastName: 'Appleseed' },
    email: 'a@b.example',
  },
  requests: ['POST https://appleid.apple.com/auth/token'],
  check: ([exchange]) => {
    expect(decodeJwt(exchange?.form.get('client_secret') ?? '')).toMatchObject({
      iss: 'ABCDE12345',
      sub: 'com.example.web',
      aud: 'https://appleid.apple.com',
    })
  },
  accessToken: 'adg61...67Or9',
  refresh: {
    seconds: 3600,
    accessToken: 'beg510...67Or9',
    url: 'https://appleid.apple.com/auth/token',
  },
})
