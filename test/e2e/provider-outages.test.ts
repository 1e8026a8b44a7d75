import { describe, expect, it } from '@jest/globals'
import { readGuide } from '../support/documentation.js'
import { setOutageScene } from '../support/outage-scene.js'
import { playsOfOutages } from './outage-plays.js'

const PLAYS = playsOfOutages(setOutageScene())
const { text } = await readGuide('docs/when-the-provider-is-down.md')
/** The answer that the guide names for each row of its table. */
const ANSWERS = new Map(
  [...text.matchAll(/^\| (.+?) \| `(\d+)` \|/gm)].map(([, row = '', status]) => [
    row,
    Number(status),
  ]),
)

describe('a provider that is down', () => {
  it('has a row in the guide for each of these cases, and no others', () => {
    expect([...ANSWERS.keys()]).toEqual(Object.keys(PLAYS))
  })

  it.each(Object.entries(PLAYS))('when %s', async (row, play) => {
    expect(await play()).toBe(ANSWERS.get(row))
  })
})
