import { isRepeatable } from '../client/requests.js'
import type { Transport } from '../client/transport.js'
import { ConnectionRequiredError } from '../errors/connection-errors.js'
import type { ConnectionRequiredReason } from '../errors/connection-errors.js'
import { LoginRequiredError } from '../errors/login-errors.js'
import { ResourceError, TokenEndpointError } from '../errors/provider-errors.js'
import { StepUpRequiredError } from '../errors/step-up-errors.js'
import { rethrowAs } from '../client/transport.js'
import type { Clock } from '../lib/clock.js'
import { isSameIssuer } from './authorization-server.js'
import type { CallbackURLs } from './callback-urls.js'
import type { StoredConnection, StoredConnections } from './connections.js'
import type { Planning } from './plan.js'
import { readResourceChallenge } from './protected-resource.js'
import type { ResourceChallenge } from './protected-resource.js'
import { readResourceAddress } from './resource-address.js'
import type { Targets } from './targets.js'
import type { WantedNotes } from './wanted-notes.js'

/**
 * `fetch` with the access token that belongs to the address, for one person.
 *
 * @throws {ConnectionRequiredError} if the person has to connect the resource, or connect it again
 */
export type ConnectedFetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/** What {@link createFetchFor} needs. */
export interface FetchForParts {
  readonly transport: Transport
  readonly clock: Clock
  readonly urls: CallbackURLs
  readonly connections: StoredConnections
  readonly wanted: WantedNotes
  readonly targets: Pick<Targets, 'keep' | 'readAnew' | 'strategyOf'>
  readonly planning: Pick<Planning, 'issuersOf'>
  /**
   * Notes that a server has forgotten the client of a target. Resolves to whether another registration would help: not if the
   * application has registered it beforehand, which has to correct its secret.
   *
   * @throws {StorageError}
   */
  readonly forgetClient: (target: string) => Promise<boolean>
  readonly allowsHttp: boolean
}

/** For how long a login that has not brought what was asked for is not asked for again, in **milliseconds**. */
const IN_VAIN_MS = 10 * 60_000

/** For how long after a login a refusal of the new token does not lead to the next login, in **milliseconds**. */
const FRESH_MS = 60_000

const noAnswer = rethrowAs(ResourceError, 'The resource gave no answer', 'resource')

/** Creates the {@link ConnectedFetch} of a person. */
export function createFetchFor(parts: FetchForParts): (account: string) => ConnectedFetch {
  const { transport, clock, urls, connections, wanted, targets, planning, forgetClient } = parts

  function required(
    reason: ConnectionRequiredReason,
    address: string,
    scope?: readonly string[],
  ): ConnectionRequiredError {
    const about = { resource: address, connectURL: urls.connect(address), scope }
    return new ConnectionRequiredError(reason, about)
  }

  /** Notes why the person is waited for, and returns the error that says so. */
  async function waitFor(
    connection: StoredConnection,
    reason: ConnectionRequiredReason,
    challenge?: ResourceChallenge,
  ): Promise<ConnectionRequiredError> {
    await connections.wait(connection, { reason, challenge, since: clock.now() })
    return required(reason, connection.address, challenge?.scope)
  }

  /** Without a token, for resources that anybody may use. */
  async function fetchUnconnected(
    account: string,
    address: URL,
    init: RequestInit,
  ): Promise<Response> {
    const answer = await transport.fetch(address, { ...init, redirect: 'manual' }).catch(noAnswer)
    if (answer.status !== 401) return answer
    await answer.body?.cancel().catch(() => undefined)
    const challenge = readResourceChallenge(answer.headers.get('www-authenticate'))
    await wanted.write(account, address.href, challenge)
    throw required('not_connected', address.href, challenge.scope)
  }

  /** The reason why a resource refuses a token that has just been renewed, or cannot be. */
  async function whyRefused(
    { account, issuer, address }: StoredConnection,
    challenge: ResourceChallenge,
  ): Promise<ConnectionRequiredReason> {
    const issuers = await planning.issuersOf(account, new URL(address), challenge)
    return issuers === undefined || issuers.some((one) => isSameIssuer(one, issuer))
      ? 'refused'
      : 'other_authorization_server'
  }

  /**
   * The answer, unless another login would help. A login that was made a moment ago, or has asked for the same, would lead to the
   * same answer, and the person would go round in circles.
   */
  async function judged(answer: Response, connection: StoredConnection): Promise<Response> {
    const { status, headers } = answer
    if (answer.ok && (await connections.works(connection))) {
      await targets.keep(connection.account, connection.target)
    }
    if (status !== 401 && status !== 403) return answer
    const challenge = readResourceChallenge(headers.get('www-authenticate'))
    if (status === 403) {
      const { scope } = challenge
      if (scope === undefined || wasAskedFor(scope, connection)) return answer
      await answer.body?.cancel().catch(() => undefined)
      throw isKnownToLack(scope, connection)
        ? required('insufficient_scope', connection.address, scope)
        : await waitFor(connection, 'insufficient_scope', challenge)
    }
    const known = connection.waiting?.reason
    const isKnown = known !== undefined && known !== 'insufficient_scope'
    const reason = isKnown ? known : await whyRefused(connection, challenge)
    if (reason === 'refused' && clock.now() - connection.connectedAt < FRESH_MS) return answer
    await answer.body?.cancel().catch(() => undefined)
    // What is known already is not noted again at each call of a job.
    throw isKnown
      ? required(reason, connection.address)
      : await waitFor(connection, reason, challenge)
  }

  /** What is known already is not noted again at each call of a job. */
  function isKnownToLack(scope: readonly string[], { waiting }: StoredConnection): boolean {
    const known = waiting?.reason === 'insufficient_scope' ? waiting.challenge?.scope : undefined
    return known !== undefined && scope.every((one) => known.includes(one))
  }

  function wasAskedFor(
    missing: readonly string[],
    { scope, connectedAt }: StoredConnection,
  ): boolean {
    return missing.every((one) => scope.includes(one)) && clock.now() - connectedAt < IN_VAIN_MS
  }

  /** The answer that an error of the strategy stands for. @throws what it means for the connection */
  async function answerIn(error: unknown, connection: StoredConnection): Promise<Response> {
    if (error instanceof LoginRequiredError) {
      const { waiting, challenge = {} } = connection
      // What is known already is not found out again at each call of a job.
      throw waiting === undefined
        ? await waitFor(connection, await whyRefused(connection, challenge), challenge)
        : required(waiting.reason, connection.address, waiting.challenge?.scope)
    }
    if (error instanceof StepUpRequiredError && error.response !== undefined) return error.response
    if (error instanceof TokenEndpointError) {
      if (hasMoved(error)) targets.readAnew(connection.target)
      if (FORGOTTEN.has(error.error) && (await forgetClient(connection.target))) {
        throw await waitFor(connection, 'client_forgotten')
      }
    }
    throw error
  }

  async function fetchConnected(
    connection: StoredConnection,
    address: URL,
    init: RequestInit,
  ): Promise<Response> {
    const { account, target } = connection
    const strategy = await targets.strategyOf(target)
    if (strategy === undefined) throw await waitFor(connection, 'refused')
    const answer = await strategy
      .fetch({ account }, address, { ...init, redirect: 'manual' })
      .catch((error: unknown) => answerIn(error, connection))
    return judged(answer, connection)
  }

  return (account) =>
    async (url, init = {}) => {
      const address = readResourceAddress(String(url), parts.allowsHttp)
      const known =
        (await connections.find(account, address)) ??
        (await connections.find(account, address, true))
      if (known === undefined) return fetchUnconnected(account, address, init)
      try {
        return await fetchConnected(known, address, init)
      } catch (error) {
        if (!(error instanceof ConnectionRequiredError) || !isRepeatable(init.body)) throw error
        // Another process may have connected it anew, a moment ago.
        const now = await connections.find(account, address, true)
        if (now === undefined || now.connectedAt === known.connectedAt) throw error
        return fetchConnected(now, address, init)
      }
    }
}

/** Whether a token endpoint may have moved since its address was read. */
function hasMoved({ httpStatus = 0, networkCode = 'timeout' }: TokenEndpointError): boolean {
  return GONE.has(httpStatus) || (httpStatus === 0 && networkCode !== 'timeout')
}

const GONE: ReadonlySet<number> = new Set([404, 405, 410])

/** What a token endpoint says that does not know the client. */
const FORGOTTEN: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client'])
