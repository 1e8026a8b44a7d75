import { once } from '../lib/once.js'

/** jose, which signs, verifies and decrypts. Many applications need none of that, so it is loaded when it is first used. */
export const loadJose = once(() => import('jose'))
