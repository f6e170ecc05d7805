import { type ReactNode, useState } from 'react'
import { ConfirmDialog, type ConfirmDialogProps } from './confirm-dialog.tsx'

export interface ConfirmProps<Receipt> extends Omit<ConfirmDialogProps<Receipt>, 'onClose'> {
  /** On the button that opens the question. */
  readonly label: ReactNode
  readonly isDisabled?: boolean
  /** Told when the receipt was read and closed. */
  readonly onDone?: () => void
}

/** A button, and the question that it opens. */
export function Confirm<Receipt>({ label, isDisabled = false, onDone, ...question }: ConfirmProps<Receipt>) {
  const [isOpen, setOpen] = useState(false)

  function close(isDone: boolean) {
    setOpen(false)
    if (isDone) onDone?.()
  }

  return (
    <>
      <button
        type="button"
        className={question.isDangerous ? 'button is-danger' : 'button'}
        disabled={isDisabled}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && <ConfirmDialog {...question} onClose={close} />}
    </>
  )
}
