/** Keeps the list of flows up to date. The page is complete without it. */
export const SCRIPT = `'use strict'
const list = document.getElementById('flows')
const live = document.getElementById('live')
const events = new EventSource(document.body.dataset.events)
events.addEventListener('open', () => { live.textContent = 'Live: this page follows what happens.' })
events.addEventListener('error', () => { live.textContent = 'The app is out of reach. Trying again.' })
events.addEventListener('flows', ({ data }) => {
  const focused = document.activeElement?.closest('details')?.dataset.key
  const open = new Set([...list.querySelectorAll('details[open]')].map((one) => one.dataset.key))
  list.innerHTML = JSON.parse(data)
  for (const one of list.querySelectorAll('details')) {
    one.open = open.has(one.dataset.key)
    if (one.dataset.key === focused) one.querySelector('summary').focus({ preventScroll: true })
  }
})
`
