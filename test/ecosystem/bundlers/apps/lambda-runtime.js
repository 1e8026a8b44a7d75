// Stands in for the runtime of AWS Lambda: receives events, and calls the handler.
const { handler } = await import('./lambda.js')
const machineTime = Date.now
let ahead = 0
Date.now = () => machineTime() + ahead

process.on('message', async ({ event, advanceMs = 0 }) => {
  ahead += advanceMs
  process.send(event === undefined ? {} : await handler(event, {}))
})
process.send({ ready: true })
