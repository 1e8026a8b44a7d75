import { describe, expect, it } from '@jest/globals'
import { auth0, gitlab, keycloak, microsoft, okta, salesforce } from '../../src/index.js'
import { nameByAddress } from '../../src/providers/provider-name.js'

describe('the name of a provider', () => {
  it.each([
    ['gitlab', gitlab()],
    ['gitlab', gitlab('https://gitlab.com/')],
    ['gitlab-git.example.com', gitlab('https://git.example.com')],
    ['gitlab-git.example.com', gitlab('https://GIT.example.com/')],
    ['gitlab-git.example.com_gitlab', gitlab('https://git.example.com/gitlab')],
    ['keycloak-login.example.com_realms_staff', keycloak('https://login.example.com/realms/staff')],
    ['keycloak-localhost-8080_realms_staff', keycloak('http://localhost:8080/realms/staff')],
    ['okta-your-org.okta.com', okta('https://your-org.okta.com')],
    ['okta-your-org.okta.com_oauth2_default', okta('https://your-org.okta.com/oauth2/default')],
    ['auth0-your-tenant.eu.auth0.com', auth0('your-tenant.eu.auth0.com')],
    ['auth0-your-tenant.eu.auth0.com', auth0('https://your-tenant.eu.auth0.com/')],
    ['salesforce', salesforce()],
    ['salesforce-test.salesforce.com', salesforce('https://test.salesforce.com')],
    ['microsoft-common', microsoft('common')],
    ['microsoft-example.com', microsoft('Example.com')],
  ])('is %s', (name, provider) => {
    expect(provider.name).toBe(name)
  })

  it('has neither a password nor a query in it', () => {
    expect(nameByAddress(undefined, 'https://user:password@login.example.com/a?key=1#b')).toBe(
      'login.example.com_a',
    )
  })

  it('is different for different addresses, and has only characters that are safe in keys, cookies and paths', () => {
    const addresses = [
      'https://idp.example',
      'https://idp.example/a/b',
      'https://idp.example/a_b',
      'https://idp.example/a-b',
      'https://idp.example/a%5Fb',
      'https://idp.example/A/b',
      'https://idp.example/a//b',
      'https://idp.example/a~b',
      "https://idp.example/a'(b)",
      'https://idp.example/a;b,c=d',
      'https://idp.example/ü',
      'https://idp.example:8443',
      'https://idp.example/8443',
      'https://a.idp.example',
      'http://[::1]:8080',
      'http://127.0.0.1:8080',
    ]
    const names = addresses.map((address) => nameByAddress('kind', address))

    // One address is another spelling: "%5F" is an encoded underscore.
    expect(new Set(names).size).toBe(addresses.length - 1)
    for (const name of names) expect(name).toMatch(/^[\w.%-]+$/)
  })
})
