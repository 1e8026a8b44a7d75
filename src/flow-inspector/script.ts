/** The page's script: keeps the list of flows up to date. It keeps open details open, and the focus where it is. */
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
events.addEventListener('flows', ({ data }) => {
  const { ids, items } = JSON.parse(data)
  for (const item of [...list.children]) if (!ids.includes(Number(item.dataset.flow))) item.remove()
  for (const item of items) show(item)
})
function show(html) {
  const template = document.createElement('template')
  template.innerHTML = html
  const item = template.content.firstElementChild
  const shown = list.querySelector('[data-flow="' + item.dataset.flow + '"]')
  if (!shown) return list.prepend(item)
  const focused = shown.contains(document.activeElement) && document.activeElement.closest('details').dataset.key
  const open = new Set([...shown.querySelectorAll('details[open]')].map((one) => one.dataset.key))
  shown.replaceWith(item)
  for (const one of item.querySelectorAll('details')) {
    one.open = open.has(one.dataset.key)
    if (one.dataset.key === focused) one.querySelector('summary').focus({ preventScroll: true })
  }
}
`
