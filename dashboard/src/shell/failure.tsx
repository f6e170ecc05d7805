import { Component, type ReactNode } from 'react'
import { messageOf } from '../api/problem.ts'

interface FailureProps {
  readonly children: ReactNode
}

/** Stands in for a page that failed: React asks for a class here. */
export class Failure extends Component<FailureProps, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <div className="notice is-fault" role="alert">
        <strong>This page failed</strong>
        <p>{messageOf(error)}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </div>
    )
  }
}
