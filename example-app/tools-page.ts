import type { ListedConnection } from 'passport-authorization-code/connect'
import { html, type Html } from './html.js'
import { page } from './layout.js'
import type { Tool, ToolField, ToolResult } from './mcp-client.js'

/** What the page is made of. */
export interface ToolsFacts {
  readonly connection: ListedConnection
  readonly tools: readonly Tool[]
  /** What came of the call that was just made. */
  readonly result?: (ToolResult & { readonly tool: string }) | undefined
  /** Why the tools could not be listed. */
  readonly problem?: string
}

/** The path of the page for the server at this address. */
export function toolsPath(address: string): string {
  return `/servers/tools?resource=${encodeURIComponent(address)}`
}

/** The tools of a connected server, with forms to call them, and what the last call has brought. */
export function toolsPage({ connection, tools, result, problem }: ToolsFacts): Html {
  const { address, name } = connection
  return page({
    title: `Tools of ${name ?? new URL(address).host}`,
    path: '/servers',
    content: html`
      <p class="lead">What ${address} offers. All of it is what the server says.</p>
      ${result && resultCard(result)}
      ${problem !== undefined && html`<p class="note">The tools cannot be listed: ${problem}</p>`}
      ${tools.map((tool, index) => toolCard(tool, address, `tool${index}`))}
      ${problem === undefined && tools.length === 0 && html`<p class="note">It has no tools.</p>`}
      <div class="actions"><a class="button" href="/servers">Your servers</a></div>
    `,
  })
}

function resultCard({ isError, text, tool }: NonNullable<ToolsFacts['result']>): Html {
  return html`<section class="card result">
    <h2>${isError ? `${tool} has failed` : `${tool} says`}</h2>
    <pre>${text}</pre>
  </section>`
}

function toolCard({ name, title, description, fields }: Tool, address: string, id: string): Html {
  const hidden = html`<input type="hidden" name="resource" value="${address}" />
    <input type="hidden" name="tool" value="${name}" />`
  return html`<section class="card tool">
    <h2>${title ?? name}</h2>
    <p class="quiet"><code>${name}</code> ${description}</p>
    <div class="actions">
      <form method="post" action="/servers/call">
        ${hidden} ${fields.map((field, index) => input(field, `${id}-${index}`))}
        <button class="primary">Call ${name}</button>
      </form>
      ${
        // At night, nobody is there to fill in a form.
        !fields.some(({ isRequired }) => isRequired) &&
        html`<form method="post" action="/servers/every-night">
          ${hidden} <button>Every night</button>
        </form>`
      }
    </div>
  </section>`
}

function input({ description, isRequired, isText, name }: ToolField, id: string): Html {
  return html`<label for="${id}">${description ?? name}${!isText && ' (as JSON)'}</label>
    <input id="${id}" name="${isText ? 'text' : 'json'}.${name}" ${isRequired && html`required`} />`
}
