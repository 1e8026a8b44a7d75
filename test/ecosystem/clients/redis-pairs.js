/** The clients of Redis and the versions of connect-redis that go together. The names are those in package.json. */
export const PAIRS = [
  ['redis-4', 'connect-redis-7'],
  ['redis-4', 'connect-redis-8'],
  ['redis-5', 'connect-redis-8'],
  ['redis-5', 'connect-redis-9'],
  ['redis-6', 'connect-redis-9'],
  ['redis-6', 'connect-redis-10'],
  ['ioredis-5', 'connect-redis-7'],
  ['ioredis-5', 'connect-redis-8'],
  ['ioredis-6', 'connect-redis-8'],
]

export const NEEDS_NODE_22 = ['connect-redis-10']
