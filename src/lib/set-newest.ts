/** Puts an entry at the end of the map, and drops those that have been there for longest until there are `maximum` of them. */
export function setNewest<Key, Value>(
  entries: Map<Key, Value>,
  key: Key,
  value: Value,
  maximum: number,
): void {
  entries.delete(key)
  entries.set(key, value)
  for (const oldest of entries.keys()) {
    if (entries.size <= maximum) break
    entries.delete(oldest)
  }
}
