/// Values in the order in which they were added, of which any can be removed or moved to the end: all in constant time. The
/// memory is that of the largest number of values so far.
///
/// A doubly linked list in an array; a place that became free is used again.
struct LinkedSlots<Value: Sendable>: Sendable {
    /// Where a value is, until it is removed.
    typealias Place = Int

    private struct Slot {
        var value: Value?
        var previous: Place?
        var next: Place?
    }

    private var slots: [Slot] = []
    private var free: [Place] = []
    /// The place of the oldest value.
    private(set) var first: Place?
    private var last: Place?

    /// How many values there are.
    var count: Int { slots.count - free.count }

    /// The place of the value after the one at `place`.
    func next(after place: Place) -> Place? { slots[place].next }

    /// The value at a place that ``append(_:)`` gave and ``remove(_:)`` did not take.
    subscript(place: Place) -> Value {
        // A place that was given and not taken holds a value; any other is a fault of this module.
        slots[place].value!
    }

    /// Changes a value where it is.
    mutating func update(_ place: Place, _ change: (inout Value) -> Void) { change(&slots[place].value!) }

    /// Adds a value at the end.
    mutating func append(_ value: Value) -> Place {
        let place: Place
        if let reused = free.popLast() {
            place = reused
            slots[place].value = value
        } else {
            place = slots.count
            slots.append(Slot(value: value))
        }
        linkLast(place)
        return place
    }

    /// Takes a value out.
    @discardableResult
    mutating func remove(_ place: Place) -> Value {
        let value = self[place]
        unlink(place)
        slots[place].value = nil
        free.append(place)
        return value
    }

    /// Takes the oldest value out, if there is one.
    mutating func popFirst() -> Value? { first.map { remove($0) } }

    /// Makes a value the youngest.
    mutating func moveToEnd(_ place: Place) {
        unlink(place)
        linkLast(place)
    }

    /// Forgets everything.
    mutating func removeAll() { self = LinkedSlots() }

    private mutating func linkLast(_ place: Place) {
        slots[place].previous = last
        slots[place].next = nil
        if let last { slots[last].next = place } else { first = place }
        last = place
    }

    private mutating func unlink(_ place: Place) {
        let (previous, next) = (slots[place].previous, slots[place].next)
        if let previous { slots[previous].next = next } else { first = next }
        if let next { slots[next].previous = previous } else { last = previous }
    }
}
