import type { JsonWebKey } from 'node:crypto'
import type { Dispatcher } from 'undici'
import type { GrantRefusal } from '../options/grant-refusal.js'
import type { ProviderMetadata } from '../options/metadata-option.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import { isLoginElsewhere } from './authorization-server.js'
import { registeredClient } from './choose-client.js'
import type { ChosenClient } from './choose-client.js'
import type { ConnectSettings } from './connect-options.js'

/** What people connect: a resource, at an authorization server, with the client that this application is there. */
export interface Target {
  readonly resource: string
  readonly issuer: string
  /** Where people log in. The page that asks has shown it: a server with another one is another target. */
  readonly authorizationURL: string
  readonly client: ChosenClient
  /** The key that tokens are bound to, if the resource wants that. */
  readonly dpopKey?: JsonWebKey
  /** When this was last written, in **milliseconds since the epoch**. */
  readonly writtenAt: number
  /** Whether anybody has connected it, and not only begun to. */
  readonly isKept: boolean
}

/** What {@link optionsOfTarget} needs. */
export interface TargetOptionsParts {
  readonly settings: ConnectSettings
  readonly dispatcher: Dispatcher | undefined
  readonly readMetadata: (issuer: string) => Promise<ProviderMetadata>
  /** Called if a server refuses to renew a person's grant for good, also without a request. */
  readonly onRefused: (account: string, target: string) => Promise<void>
}

/** What the names of these strategies begin with. */
export function strategyPrefix({ name }: Pick<ConnectSettings, 'name'>): string {
  return `${name}:`
}

/**
 * Whether each answer must say who it is from, whatever the metadata say by now: at a server that takes a metadata document, which is a
 * client at any server that reads it, and at one that sends people to log in at another origin. Each could send them to an honest
 * server, and get its codes.
 *
 * @see [RFC 9700, section 4.4 - Mix-Up Attacks](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.4)
 */
function mustSayWhoItIs(
  { issuer, authorizationURL, client: { kind } }: Omit<Target, 'resource'>,
  settings: ConnectSettings,
): boolean {
  if (kind === 'registered') return false
  const isDocument = kind === 'document' && !settings.dangerouslyShareCallback
  return isDocument || isLoginElsewhere(authorizationURL, issuer, settings)
}

/** The options of the strategy of a target. */
export async function optionsOfTarget(
  id: string,
  target: Target,
  { settings, dispatcher, readMetadata, onRefused }: TargetOptionsParts,
): Promise<AuthorizationCodeOptions<object>> {
  const { resource, issuer, authorizationURL, client, dpopKey } = target
  const { grants, accountOf, timeoutMs, responseLimitBytes } = settings
  const known = await secretNow()
  const clientSecret = known === undefined ? client.clientSecret : secretNow

  /** The secret of a client that was registered beforehand: it may change while the strategy is kept. */
  async function secretNow(): Promise<string | undefined> {
    if (client.kind !== 'registered') return undefined
    const found = await registeredClient(issuer, resource, settings)
    return found?.clientID === client.clientID ? found.clientSecret : undefined
  }

  const options = {
    name: strategyPrefix(settings) + id,
    issuer,
    authorizationURL,
    metadata: () => readMetadata(issuer),
    clientID: client.clientID,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(client.clientAuthentication !== undefined && {
      clientAuthentication: client.clientAuthentication,
    }),
    callbackURL: client.redirectUri,
    ...(mustSayWhoItIs(target, settings) && { authorizationResponseIssParameterSupported: true }),
    resource,
    grants,
    grantLifetime: 'account',
    ...(accountOf !== undefined && { accountOf }),
    ...(dpopKey !== undefined && { dpopKey }),
    // The claims of an ID token say who the person is there, and no profile is loaded.
    parseProfile: ({ sub }: Readonly<Record<string, unknown>>) => ({ id: sub as string }),
    onGrantRefused: ({ account }: GrantRefusal) =>
      account === undefined ? undefined : onRefused(account, id),
    timeoutMs,
    responseLimitBytes,
    ...(dispatcher !== undefined && { dispatcher }),
  } as const
  return options as unknown as AuthorizationCodeOptions<object>
}
