/**
 * The entry `passport-authorization-code/flow-inspector`: a page that shows logins as sequence diagrams. It is an entry
 * of its own so that an application without it does not load it.
 *
 * @module
 */
export { flowInspector } from './flow-inspector/router.js'

export type { FlowInspectorOptions } from './flow-inspector/router.js'
