/** The e-mail address of whoever has this name. */
export function emailOf(account: string): string {
  const mailbox = account.toLowerCase().replace(/[^a-z0-9]+/g, '.')
  return `${mailbox.replace(/^\.|\.$/g, '') || 'someone'}@example.com`
}
