/** Leaves out the members that are `undefined`. */
export function withoutUndefined<Members extends object>(
  members: Members,
): { [Name in keyof Members]: Exclude<Members[Name], undefined> } {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [Name in keyof Members]: Exclude<Members[Name], undefined> }
}
