import { describe, expect, it, vi } from 'vitest'
import { EXIT_INTERRUPTED, listenForInterrupt } from './interrupt.ts'

describe('an interrupt', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s asks the run to end, and a second one ends the process', (signal) => {
    let written = ''
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never)
    const before = process.listenerCount(signal)
    {
      using interrupt = listenForInterrupt({ stdout: { write: () => {} }, stderr: { write: (text) => (written += text) } })
      expect(interrupt.signal.aborted).toBe(false)
      process.emit(signal)
      expect(interrupt.signal.aborted).toBe(true)
      expect(written).toContain('interrupted')
      expect(exit).not.toHaveBeenCalled()
      process.emit(signal)
      expect(exit).toHaveBeenCalledWith(EXIT_INTERRUPTED)
    }
    expect(process.listenerCount(signal)).toBe(before)
    exit.mockRestore()
  })
})
