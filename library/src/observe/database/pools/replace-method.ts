/**
 * Puts a method of the observer before an object's own, on this one object: its class, its identity and its other
 * methods stay what they are, so that nobody who holds it can tell.
 */
export function replaceMethod<Method>(target: object, name: string, make: (own: Method) => Method): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name)
  // Who calls this names the method's type, as TypeScript cannot find it by a name in a string.
  const own = Reflect.get(target, name) as Method
  Object.defineProperty(target, name, {
    value: make(own),
    writable: true,
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
  })
}
