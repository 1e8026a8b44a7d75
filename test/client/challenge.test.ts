import { describe, expect, it } from '@jest/globals'
import { readChallenge } from '../../src/client/challenge.js'

describe('a challenge', () => {
  it('says where the metadata of the resource are: RFC 9728, section 5.1', () => {
    const url = 'https://h.example/.well-known/oauth-protected-resource/mcp?a=1,2'
    expect(readChallenge(`Bearer resource_metadata="${url}"`)).toEqual({ resource_metadata: url })
    expect(
      readChallenge(
        `Bearer error="invalid_token", error_description="No, \\"expired\\"", resource_metadata="${url}", scope="a b"`,
      ),
    ).toEqual({
      ...{ error: 'invalid_token', error_description: 'No, "expired"' },
      ...{ resource_metadata: url, scope: 'a b' },
    })
    // Without quotes, and in another spelling.
    expect(readChallenge('Bearer Resource_Metadata = https://h.example/m')).toEqual({
      resource_metadata: 'https://h.example/m',
    })
  })

  it('is read of several headers, each parameter where it comes first', () => {
    const headers = [
      'Basic realm="x"',
      'Bearer resource_metadata="https://first.example"',
      'DPoP resource_metadata="https://second.example", scope="a"',
    ]
    expect(readChallenge(headers)).toEqual({
      resource_metadata: 'https://first.example',
      scope: 'a',
    })
  })

  it('has no other names, and nothing of what is behind 4096 characters', () => {
    expect(readChallenge('Bearer x_resource_metadata="a", resource_metadatas="b"')).toEqual({})
    expect(readChallenge(`Bearer realm="${'x'.repeat(5_000)}", resource_metadata="a"`)).toEqual({})
    expect(readChallenge(undefined)).toEqual({})
    expect(readChallenge(null)).toEqual({})
  })
})
