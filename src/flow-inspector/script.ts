/**
 * The page's script: keeps the list of flows up to date, and the newest flow open. What a person has opened or closed
 * stays as it is, also in what is replaced, and the focus stays where it is.
 */
export const SCRIPT = `'use strict'
const list = document.getElementById('flows')
const live = document.getElementById('live')
const events = new EventSource(document.body.dataset.events)
events.addEventListener('open', () => { live.textContent = 'Live: this page updates itself.' })
events.addEventListener('error', () => {
  live.textContent = events.readyState === EventSource.CLOSED
    ? 'The app has a new key. Its terminal shows the address with the key.'
    : 'The app does not answer. Trying again.'
})
// What the person has opened (true) or closed (false), by data-key.
const chosen = new Map()
// How this page has left each of them. What differs from that has been changed by the person.
const left = new Map()
const detailsOf = (item) => [...item.querySelectorAll('details')]
for (const one of detailsOf(list)) left.set(one.dataset.key, one.open)
events.addEventListener('flows', ({ data }) => {
  const { ids, items } = JSON.parse(data)
  for (const item of list.children) learn(item)
  for (const item of [...list.children]) if (!ids.includes(Number(item.dataset.flow))) remove(item)
  for (const item of items) show(item)
  for (const item of list.children) open(item)
})
function learn(item) {
  const [flow, ...parameters] = detailsOf(item)
  for (const one of [flow, ...parameters]) {
    if (one.open !== left.get(one.dataset.key)) chosen.set(one.dataset.key, one.open)
  }
  // Whoever reads parameters goes on reading when the flow is no longer the newest.
  const isRead = parameters.some((one) => one.open || one.contains(document.activeElement))
  if (flow.open && isRead) chosen.set(flow.dataset.key, true)
}
function remove(item) {
  for (const { dataset: { key } } of detailsOf(item)) {
    chosen.delete(key)
    left.delete(key)
  }
  item.remove()
}
function show(html) {
  const template = document.createElement('template')
  template.innerHTML = html
  const item = template.content.firstElementChild
  const shown = list.querySelector('[data-flow="' + item.dataset.flow + '"]')
  if (!shown) return list.prepend(item)
  const focused = shown.contains(document.activeElement) && document.activeElement.closest('details').dataset.key
  shown.replaceWith(item)
  for (const one of detailsOf(item)) {
    if (one.dataset.key !== focused) continue
    open(item)
    one.querySelector('summary').focus({ preventScroll: true })
  }
}
function open(item) {
  const [flow, ...parameters] = detailsOf(item)
  for (const one of [flow, ...parameters]) {
    const isNewest = one === flow && item === list.firstElementChild
    one.open = chosen.get(one.dataset.key) ?? isNewest
    left.set(one.dataset.key, one.open)
  }
}
`
