/** A path as Express compares it: ignoring upper and lower case, and a slash at the end. */
export function comparablePath(path: string): string {
  return path.toLowerCase().replace(/\/$/, '')
}
