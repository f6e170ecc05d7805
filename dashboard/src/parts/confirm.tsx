import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Dialog } from './dialog.tsx'
import { Fault } from './notice.tsx'

export interface ConfirmProps<Receipt> {
  /** On the button that opens the question. */
  readonly label: ReactNode
  readonly title: string
  /** What will happen. */
  readonly children: ReactNode
  /** On the button that does it. */
  readonly doIt: string
  readonly act: () => Promise<Receipt>
  readonly receipt: (receipt: Receipt) => ReactNode
  readonly isDangerous?: boolean
  readonly isDisabled?: boolean
  /** Told when the receipt was read and closed. */
  readonly onDone?: () => void
}

/** A button, the question whether that is meant, and the receipt of what was done. */
export function Confirm<Receipt>(props: ConfirmProps<Receipt>) {
  const { label, title, children, doIt, act, receipt, isDangerous = false, isDisabled = false, onDone } = props
  const [isOpen, setOpen] = useState(false)
  const client = useQueryClient()
  const acting = useMutation({ mutationFn: act, onSuccess: () => client.invalidateQueries() })
  const { isSuccess } = acting

  function close() {
    setOpen(false)
    acting.reset()
    if (isSuccess) onDone?.()
  }

  return (
    <>
      <button
        type="button"
        className={isDangerous ? 'button is-danger' : 'button'}
        disabled={isDisabled}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && (
        <Dialog title={isSuccess ? 'Done' : title} onClose={close}>
          <div role="status">{isSuccess && <div className="receipt">{receipt(acting.data)}</div>}</div>
          {!isSuccess && <div className="question">{children}</div>}
          {acting.error !== null && <Fault error={acting.error} />}
          <div className="dialog-foot">
            <button type="button" className="button" onClick={close}>
              {isSuccess ? 'Close' : 'Cancel'}
            </button>
            {!isSuccess && (
              <button
                type="button"
                className={isDangerous ? 'button is-danger is-main' : 'button is-main'}
                disabled={acting.isPending}
                onClick={() => acting.mutate()}
              >
                {acting.isPending ? 'Under way …' : doIt}
              </button>
            )}
          </div>
        </Dialog>
      )}
    </>
  )
}
