import Lanes
import Testing

@Suite("A blocking queue") struct BlockingQueueTests {
    @Test("gives values in the order in which they came, and none when it is empty")
    func order() {
        let queue = BlockingQueue<Int>()
        #expect(queue.tryPop() == nil)
        for i in 0..<3 { queue.push(i) }
        #expect([queue.pop(), queue.tryPop(), queue.pop()] == [0, 1, 2])
        #expect(queue.tryPop() == nil)
    }

    @Test("wakes a thread that waits, once for each value")
    func waking() async {
        let requests = BlockingQueue<Int>()
        let answers = BlockingQueue<Int>()
        let sum = await withCheckedContinuation { continuation in
            spawnThread(name: "echo") {
                for _ in 0..<1000 { answers.push(requests.pop() + 1) }
            }
            // A value goes out only after the last one came back, so that both threads wait again and again.
            spawnThread(name: "caller") {
                var sum = 0
                for i in 0..<1000 {
                    requests.push(i)
                    sum += answers.pop()
                }
                continuation.resume(returning: sum)
            }
        }
        #expect(sum == 500_500)
    }
}
