import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Dialog } from './dialog.tsx'
import { Fault } from './notice.tsx'

export interface ConfirmDialogProps<Receipt> {
  readonly title: string
  /** What will happen. */
  readonly children: ReactNode
  /** On the button that does it. */
  readonly doIt: string
  readonly act: () => Promise<Receipt>
  readonly receipt: (receipt: Receipt) => ReactNode
  readonly isDangerous?: boolean
  readonly onClose: (isDone: boolean) => void
}

/** The question whether that is meant, and then the receipt of what was done. */
export function ConfirmDialog<Receipt>(props: ConfirmDialogProps<Receipt>) {
  const { title, children, doIt, act, receipt, isDangerous = false, onClose } = props
  const client = useQueryClient()
  const acting = useMutation({ mutationFn: act, onSuccess: () => client.invalidateQueries() })
  const { isSuccess } = acting
  const close = () => onClose(isSuccess)
  return (
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
  )
}
