const PERSON_CANCELLED = {
  from: ['authorization'],
  status: 'refused',
  fix: 'Nothing is wrong. To go on, the person logs in again and agrees.',
  page: 'You have not agreed to it at the login service.',
} as const

const WITHOUT_PROMPT_NONE =
  'Start a login without `prompt=none`: with it, the provider may not ask the person anything.'

/**
 * The OAuth `error` codes of a callback after which the person at the browser can start again: they, or a rule of the
 * provider, refused, or it took too long.
 *
 * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
 */
export const LOGINS_NOT_GRANTED = {
  access_denied: {
    ...PERSON_CANCELLED,
    definedBy: 'RFC 6749',
    meaning: 'The person, or a rule of the provider, refused the login.',
    page: 'You have not agreed to it at the login service, or your account there may not be used here.',
  },
  // LinkedIn has one for its login page and one for the page that asks for permission.
  user_cancelled_login: {
    ...PERSON_CANCELLED,
    meaning: 'The person has left the login page of the provider.',
  },
  user_cancelled_authorize: {
    ...PERSON_CANCELLED,
    meaning: 'The person has not given the permission.',
  },
  // Facebook's `error_reason`.
  user_denied: {
    ...PERSON_CANCELLED,
    meaning: 'The person has not given the permission.',
  },
  // Keycloak's `error_description` beside `temporarily_unavailable`.
  authentication_expired: {
    from: ['authorization'],
    status: 400,
    meaning:
      'The login page of the provider was left open for too long, or the person has logged in meanwhile in another tab.',
    fix: 'The person starts again. If it happens often, raise the time for logins at the provider (in Keycloak, “Login timeout” of the realm).',
    page: 'The page of the login service was left open for too long.',
  },
  login_required: {
    from: ['authorization'],
    definedBy: 'OpenID Connect',
    status: 'refused',
    meaning: 'The person is not logged in at the provider.',
    fix: WITHOUT_PROMPT_NONE,
    page: 'You are not logged in at the login service.',
  },
  consent_required: {
    from: ['authorization'],
    definedBy: 'OpenID Connect',
    status: 'refused',
    meaning: 'The person has not consented yet.',
    fix: WITHOUT_PROMPT_NONE,
    page: 'The login service has to ask you for permission first.',
  },
  interaction_required: {
    from: ['authorization'],
    definedBy: 'OpenID Connect',
    status: 'refused',
    meaning: 'The provider has to ask the person something.',
    fix: WITHOUT_PROMPT_NONE,
    page: 'The login service has to ask you something first.',
  },
  account_selection_required: {
    from: ['authorization'],
    definedBy: 'OpenID Connect',
    status: 'refused',
    meaning: 'The person has to choose one of several accounts at the provider.',
    fix: WITHOUT_PROMPT_NONE,
    page: 'The login service has to ask you which of your accounts to use.',
  },
  // A login that has asked for it fails with an error of its own, which has the values.
  unmet_authentication_requirements: {
    from: ['authorization'],
    definedBy: 'OpenID Connect',
    status: 400,
    meaning: 'The provider could not authenticate the person as the login has asked for.',
    fix: 'Check that the provider knows the `acrValues`, and that the person has what they need, such as a second factor.',
    page: 'The login service could not confirm who you are in the way that is needed here.',
  },
} as const
