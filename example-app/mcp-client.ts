import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js'
import type { ConnectedFetch } from 'passport-authorization-code/connect'

/** A tool of a server. All of it is what the server says: text that is escaped where it is shown. */
export interface Tool {
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly fields: readonly ToolField[]
}

/** What a tool wants to be told. */
export interface ToolField {
  readonly name: string
  readonly description: string | undefined
  readonly isRequired: boolean
  /** Whether it is any text; otherwise it is a number, a list or something else that is written as JSON. */
  readonly isText: boolean
}

/** What came of a call. */
export interface ToolResult {
  readonly text: string
  /** Whether the tool says that it has failed. */
  readonly isError: boolean
}

/** How long a server may take for each answer, in **milliseconds**. */
const TIMEOUT_MS = 10_000

/** How much of what a server says is shown. */
const MAXIMUM_TOOLS = 50
const MAXIMUM_FIELDS = 20
const MAXIMUM_CHARACTERS = 10_000

/**
 * The tools of a server.
 *
 * @param fetch sends the person's access token
 * @throws {ConnectionRequiredError} if the person has to approve it
 */
export function listTools(address: string, fetch: ConnectedFetch): Promise<readonly Tool[]> {
  return withClient(address, fetch, async (client) => {
    const { tools } = await client.listTools({}, { timeout: TIMEOUT_MS })
    return tools.slice(0, MAXIMUM_TOOLS).map(({ name, title, description, inputSchema }) => ({
      name,
      title: title === undefined ? undefined : shortened(title),
      description: description === undefined ? undefined : shortened(description),
      fields: fieldsIn(inputSchema),
    }))
  })
}

/**
 * Calls a tool.
 *
 * @param fetch sends the person's access token
 * @throws {ConnectionRequiredError} if the person has to approve it, such as a scope that only this tool needs
 */
export function callTool(
  address: string,
  fetch: ConnectedFetch,
  { name, fields = {} }: { readonly name: string; readonly fields?: Record<string, unknown> },
): Promise<ToolResult> {
  return withClient(address, fetch, async (client) => {
    const options = { timeout: TIMEOUT_MS }
    const { content, isError } = await client.callTool(
      { name, arguments: fields },
      undefined,
      options,
    )
    const texts = (content as readonly { readonly type: string; readonly text?: string }[]).map(
      ({ type, text }) => text ?? `(${type})`,
    )
    return { text: shortened(texts.join('\n')), isError: isError === true }
  })
}

async function withClient<Result>(
  address: string,
  fetch: ConnectedFetch,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  // The SDK takes a while to load. The app starts without it.
  const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
  ])
  const client = new Client({ name: 'example-app', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(address), { fetch })
  try {
    await client.connect(transport, { timeout: TIMEOUT_MS })
    return await use(client)
  } finally {
    await transport.terminateSession().catch(() => undefined)
    await client.close()
  }
}

function fieldsIn({
  properties = {},
  required = [],
}: ListedTool['inputSchema']): readonly ToolField[] {
  return Object.entries(properties)
    .slice(0, MAXIMUM_FIELDS)
    .map(([name, property]: [string, unknown]): ToolField => {
      const { type, description } = Object(property) as Readonly<Record<string, unknown>>
      return {
        name,
        description: typeof description === 'string' ? shortened(description) : undefined,
        isRequired: required.includes(name),
        isText: type === 'string',
      }
    })
}

function shortened(text: string): string {
  return text.length > MAXIMUM_CHARACTERS ? `${text.slice(0, MAXIMUM_CHARACTERS)}…` : text
}
