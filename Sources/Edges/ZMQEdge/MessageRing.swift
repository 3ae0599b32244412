/// A message of two parts, encoded once.
struct TopicMessage: Sendable {
    let topic: [UInt8]
    let body: [UInt8]
}

/// A bounded first-in-first-out queue that drops its oldest message when it is full. It grows to the length that it is used at.
struct MessageRing {
    let capacity: Int
    private var slots: [TopicMessage?]
    private var head = 0
    private(set) var count = 0

    /// An empty queue for at least one message.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
        slots = Array(repeating: nil, count: min(self.capacity, 64))
    }

    /// Adds a message; true when the oldest one was dropped for it.
    mutating func push(_ message: TopicMessage) -> Bool {
        if count == slots.count, count < capacity { grow() }
        let isFull = count == slots.count
        let tail = head + count
        slots[tail < slots.count ? tail : tail - slots.count] = message
        if isFull { head = head + 1 == slots.count ? 0 : head + 1 } else { count += 1 }
        return isFull
    }

    /// Moves up to `limit` of the oldest messages to the end of `batch`.
    mutating func pop(_ limit: Int, into batch: inout [TopicMessage]) {
        for _ in 0..<min(limit, count) {
            if let message = slots[head].take() { batch.append(message) }
            head = head + 1 == slots.count ? 0 : head + 1
            count -= 1
        }
    }

    private mutating func grow() {
        var larger = [TopicMessage?](repeating: nil, count: min(capacity, slots.count * 2))
        for i in 0..<count { larger[i] = slots[(head + i) % slots.count] }
        slots = larger
        head = 0
    }
}
