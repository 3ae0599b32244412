public import SpeechModel

/// What a ``FailoverMachine`` wants done, in this order.
public enum FailoverAction: Sendable {
    case send(LinkMessage)
    /// One at a time: the next comes after the answer.
    case ask(ArbiterRequest)
    /// The effects of all records up to this number may be shown, if the node still may publish then.
    case release(through: Int)
    /// The node leads. Its state is the machine's ``FailoverMachine/state``.
    case becamePrimary(term: Int)
    /// The node does not lead any more; what was not released never will be.
    case becameStandby
    case incident(FailoverIncident)
    /// A hand-over that was asked for here is done, with the new term, or has failed.
    case handOverEnded(Result<Int, SpeechError>)
    /// The node has given up what it had and may end.
    case stopped
}
