const REQUEST = { from: ['authorization', 'token'], status: 500 } as const

/**
 * The OAuth `error` codes of providers that do not take how an authorization request is made: signed, by reference, or with
 * metadata of the client. They come to the callback, or as an answer to a pushed authorization request.
 *
 * @see [RFC 9101, section 7 - Authorization Server Response](https://www.rfc-editor.org/rfc/rfc9101.html#section-7)
 * @see [OpenID Connect Core, section 3.1.2.6 - Authentication Error Response](https://openid.net/specs/openid-connect-core-1_0.html#AuthError)
 */
export const REQUESTS_NOT_TAKEN = {
  invalid_request_object: {
    ...REQUEST,
    definedBy: 'RFC 9101',
    meaning: 'The provider does not accept the signed authorization request.',
    fix: 'Check that the provider has the public half of the key that signs requests and accepts its algorithm, and that the clock of this machine is right.',
  },
  invalid_request_uri: {
    ...REQUEST,
    definedBy: 'RFC 9101',
    meaning:
      'The provider does not know the `request_uri`: a pushed request has expired, was used before, or went to another server.',
    fix: 'Check that `pushedAuthorizationRequestURL` and `authorizationURL` are of the same provider. If it happens to some people only, their browsers load the address twice or too late.',
  },
  request_not_supported: {
    ...REQUEST,
    definedBy: 'OpenID Connect',
    meaning: 'The provider takes no signed authorization requests.',
    fix: 'Leave out the option that signs requests, or turn them on for this client at the provider.',
  },
  request_uri_not_supported: {
    ...REQUEST,
    definedBy: 'OpenID Connect',
    meaning: 'The provider takes no authorization requests by `request_uri`.',
    fix: 'Leave out `pushedAuthorizationRequestURL`, or turn pushed requests on for this client at the provider.',
  },
  registration_not_supported: {
    ...REQUEST,
    definedBy: 'OpenID Connect',
    meaning: 'The provider takes no metadata of the client with an authorization request.',
    fix: 'Leave out `registration` in `authorizationParameters`, and register the client at the provider.',
  },
} as const
