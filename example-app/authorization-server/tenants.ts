/** How to reach the Askara stand-in: every member is an option of `AuthorizationCodeStrategy`. */
export interface AskaraTenant {
  readonly authorizationURL: string
  readonly tokenURL: string
  /** Not in Askara's documentation. */
  readonly revocationURL: string
  readonly profileURL: string
  readonly clientID: string
  readonly clientSecret: string
}

/** How to reach the Jiko stand-in: every member but `apiURL` is an option of `AuthorizationCodeStrategy`. */
export interface JikoTenant {
  readonly authorizationURL: string
  readonly tokenURL: string
  /** Not in Jiko's documentation. */
  readonly revocationURL: string
  readonly apiURL: string
  readonly clientID: string
  /** The key that signs the client's assertions, PKCS #8 in PEM. */
  readonly privateKey: string
  readonly keyId: string
}

/** How to reach the OpenID provider: the rest is in its metadata. */
export interface OpenIdTenant {
  readonly issuer: string
  readonly clientID: string
  readonly clientSecret: string
  readonly paymentsURL: string
}

/** The server whose address a person can enter: all else is found out. */
export interface NotesTenant {
  readonly resource: string
}

/** How to reach all stand-ins: plain data, which another process can use as well. */
export interface Tenants {
  readonly askara: AskaraTenant
  readonly jiko: JikoTenant
  readonly openid: OpenIdTenant
  readonly notes: NotesTenant
}
