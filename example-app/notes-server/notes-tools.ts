import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'

/** The notes of one person. */
export interface PersonalNotes {
  readonly all: () => readonly string[]
  readonly add: (text: string) => void
}

/** The tools that need the scope `notes:write`. */
export const WRITING_TOOLS: ReadonlySet<unknown> = new Set(['add_note'])

/** The MCP server of one person: what time it is, their notes, and a way to add one. */
export function createNotesServer(notes: PersonalNotes): McpServer {
  const server = new McpServer({ name: 'example-notes', title: 'Example Notes', version: '1.0.0' })

  server.registerTool(
    'current_time',
    {
      title: 'What time is it?',
      description: 'The time of the server, in UTC.',
      annotations: { readOnlyHint: true },
    },
    () => answer(`It is ${new Date().toISOString().slice(11, 19)} UTC.`),
  )

  server.registerTool(
    'list_notes',
    {
      title: 'Your notes',
      description: 'All your notes, the oldest first.',
      annotations: { readOnlyHint: true },
    },
    () => {
      const all = notes.all()
      return answer(all.length === 0 ? 'You have no notes.' : all.join('\n'))
    },
  )

  server.registerTool(
    'add_note',
    {
      title: 'Add a note',
      description: 'Keeps a note for you. This needs the scope notes:write.',
      inputSchema: { text: z.string().min(1).max(500).describe('What to note') },
    },
    ({ text }) => {
      notes.add(text)
      return answer(`Noted. You have ${notes.all().length} of them.`)
    },
  )
  return server
}

function answer(text: string) {
  return { content: [{ type: 'text' as const, text }] }
}
