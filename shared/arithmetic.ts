/**
 * The transcendental functions of the models, in one place, so that one place answers for equal bits on every machine.
 * V8 computes them in software (an fdlibm port), so they do not depend on the processor; should an engine ever differ,
 * an implementation of our own goes here and nowhere else.
 */
export const exp = Math.exp
export const log = Math.log
export const pow = Math.pow
export const sqrt = Math.sqrt
