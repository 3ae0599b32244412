import Synchronization
import Testing

@testable import MynahClient

@Suite("The mailbox between an event loop and a task", .timeLimit(.minutes(1)))
struct MailboxTests {
    @Test func asksToPauseWhenItIsFullAndToGoOnWhenItIsHalfEmpty() async {
        let mailbox = Mailbox<Int>(capacity: 4)
        #expect([0, 1, 2].allSatisfy { mailbox.send($0) })
        #expect(!mailbox.send(3))
        #expect(!mailbox.send(4))
        let goneOn = Mutex<[Int]>([])
        for expected in 0...4 {
            let element = await mailbox.receive { goneOn.withLock { $0.append(expected) } }
            #expect(element == expected)
        }
        #expect(goneOn.withLock { $0 } == [2])
        #expect(mailbox.send(5))
    }

    @Test func givesWhatItHoldsAndThenTheEnd() async {
        let mailbox = Mailbox<Int>(capacity: 4)
        _ = mailbox.send(1)
        mailbox.finish()
        #expect(mailbox.send(2))
        #expect(await mailbox.receive {} == 1)
        #expect(await mailbox.receive {} == nil)
    }

    @Test func wakesAReceiverThatWaits() async {
        let mailbox = Mailbox<Int>(capacity: 4)
        async let first = mailbox.receive {}
        #expect(mailbox.send(1))
        #expect(await first == 1)
        async let last = mailbox.receive {}
        mailbox.finish()
        #expect(await last == nil)
    }
}
