export { flowInspector } from './flow-inspector/router.js'

export type { FlowInspectorOptions } from './flow-inspector/router.js'
