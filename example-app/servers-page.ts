import type { ConnectionRequiredReason } from 'passport-authorization-code'
import type { ListedConnection } from 'passport-authorization-code/connect'
import { html, type Html } from './html.js'
import { dayAndTime, page } from './layout.js'
import type { ToolLine } from './nightly-tools.js'
import { toolsPath } from './tools-page.js'

/** What the page shows to one person. */
export interface ServersFacts {
  readonly connected: readonly ListedConnection[]
  /** The tool that is called every night, by the address of the server. */
  readonly chosen: ReadonlyMap<string, string>
  /** What came of them last time; `undefined` if there was no such night. */
  readonly lines: readonly ToolLine[] | undefined
  /** What is filled in. */
  readonly ownServer: string | undefined
}

/** Why a person is waited for, in words. */
const REASONS: Readonly<Record<ConnectionRequiredReason, string>> = {
  not_connected: 'It is not connected any more.',
  refused: 'It does not take this app’s access any more.',
  insufficient_scope: 'It wants more than you have allowed.',
  other_authorization_server: 'It has people log in somewhere else now.',
  client_forgotten: 'It has forgotten this app.',
}

/** The servers that a person has connected, and a form for one more. @param facts `undefined`: the person has no account */
export function serversPage(facts: ServersFacts | undefined): Html {
  return page({
    title: 'Connect a server',
    path: '/servers',
    content: html`
      <p class="lead">
        Enter the address of an MCP server. This app finds out where people log in for it, registers
        itself there, and asks you before you go there.
      </p>
      ${facts === undefined ? noAccount() : html`${form(facts)} ${facts.connected.map((one) => card(one, facts))} ${night(facts)}`}
    `,
  })
}

function noAccount(): Html {
  return html`<section class="card">
    <p class="quiet">
      Your provider does not say who you are, so there is nobody to connect a server to. Log in with
      another one.
    </p>
  </section>`
}

function form({ connected, ownServer }: ServersFacts): Html {
  const isOffered = ownServer !== undefined && !connected.some((one) => one.address === ownServer)
  return html`<section class="card">
    <form action="/connect/login">
      <label for="resource">Its address</label>
      <input
        id="resource"
        name="resource"
        type="url"
        value="${isOffered && ownServer}"
        placeholder="https://mcp.example.com/mcp"
        maxlength="1000"
        required
      />
      <input type="hidden" name="return_to" value="/servers" />
      <button class="primary">Connect</button>
    </form>
    ${
      isOffered &&
      html`<p class="quiet below">
        The address is that of a server of this example, which keeps notes.
      </p>`
    }
  </section>`
}

function card(connection: ListedConnection, { chosen, lines }: ServersFacts): Html {
  const { address, connectedAt, issuer, name, scope, waiting } = connection
  const tool = chosen.get(address)
  const line = lines?.find((one) => one.address === address && one.tool === tool)
  return html`<section class="card server">
    <h2>${name ?? new URL(address).host}</h2>
    <dl>
      <dt>Address</dt>
      <dd>${address}</dd>
      <dt>You log in at</dt>
      <dd>${issuer}</dd>
      <dt>Permissions</dt>
      <dd>${scope.length === 0 ? 'whatever the server gives' : scope.join(', ')}</dd>
      <dt>Connected</dt>
      <dd>${dayAndTime(connectedAt)}</dd>
      ${
        tool !== undefined &&
        html`<dt>Every night</dt>
          <dd>${tool}: ${line ? outcome(line) : 'not called yet'}</dd>`
      }
    </dl>
    ${
      waiting &&
      html`<p class="note">
        ${REASONS[waiting.reason]} ${waiting.scope && `It asks for ${waiting.scope.join(', ')}.`}
        <a href="${waiting.connectURL}&amp;return_to=%2Fservers">Approve it</a>
      </p>`
    }
    <div class="actions">
      <a class="button primary" href="${toolsPath(address)}">Tools</a>
      ${tool !== undefined && serverForm('/servers/every-night', address, 'Not every night')}
      ${serverForm('/servers/disconnect', address, 'Disconnect')}
    </div>
  </section>`
}

function outcome({ outcome, text }: ToolLine): string {
  if (outcome === 'done') return text
  return outcome === 'waiting' ? 'waits for you' : `failed${text && ` (${text})`}`
}

function serverForm(action: string, address: string, label: string): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="resource" value="${address}" />
    <button>${label}</button>
  </form>`
}

function night({ chosen }: ServersFacts): Html | false {
  return (
    chosen.size > 0 &&
    html`<section class="card">
      <h2>Every night</h2>
      <p class="quiet">
        The job of the nightly report calls these tools as well, while your browser is closed.
      </p>
      <form method="post" action="/servers/run"><button>Run now</button></form>
    </section>`
  )
}
