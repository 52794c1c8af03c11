//! The browser half: hears of what happens in the page, feeds the model and the connection, and says what is to be
//! done. `platform.js` does it; between the two pass numbers and texts only.

mod app;
mod door;
mod memory;

/// What the page is told to do: the numbers of the functions in `platform.js`, in their order.
#[derive(Clone, Copy)]
enum Do {
    /// Make the page look like this markup; the number: keep the newest message in view.
    Show = 0,
    /// What to show when nothing else works any more.
    Last = 1,
    /// Language and colour scheme, one a line.
    Dress = 2,
    /// Send this to the page around.
    Host = 3,
    /// Put the focus on the element with this name.
    Focus = 4,
    /// Id and value of an input, the id in a line of its own.
    Value = 5,
    /// Let the visitor choose files.
    Pick = 6,
    /// Send the file of this number: the conversation and the name, one a line.
    Upload = 7,
    /// Stop and forget the file of this number.
    DropFile = 8,
    /// Load the picture with this id.
    Picture = 9,
    /// Save the file with this id, under the name in the second line.
    Download = 10,
    /// Load the frame anew.
    Reload = 11,
    /// Ask who the visitor is, with the token of an earlier visit.
    Visitor = 12,
    /// The visitor token from now on.
    Token = 13,
    /// Hold the lock of this name, which one tab of the browser holds, and no other.
    Own = 14,
    /// Read all unsent messages.
    Load = 15,
    /// Id and text of an unsent message, the id in a line of its own.
    Keep = 16,
    /// Forget an unsent message.
    Drop = 17,
    /// Open the socket.
    Socket = 18,
    /// Close it with this code.
    Close = 19,
    /// Send a text frame.
    Frame = 20,
    /// Poll with this body; the number comes back with the answer.
    Poll = 21,
    /// Give the poll up.
    Abort = 22,
    /// Send commands beside the poll; the number comes back with the answer.
    Commands = 23,
    /// And above: call back with the timer of this number after so many milliseconds; never, when negative.
    Timer = 24,
}

/// What the page tells: the numbers in `platform.js`. Each comes with a text and two numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told(u32);

impl Told {
    // 0 begins: language and configuration, one a line; 1: no page around.
    /// A button or form was used.
    const ACT: Self = Self(1);
    /// Id and value of an input, the id in a line of its own.
    const INPUT: Self = Self(2);
    /// The page around says something.
    const HOST: Self = Self(3);
    /// The answer to [`Do::Visitor`]: visitor and token, one a line; status, and after how many milliseconds to ask
    /// again, if it says so.
    const VISITOR: Self = Self(4);
    /// The newest message came into view (1) or left it (0).
    const AT_END: Self = Self(5);
    /// The visitor chose a file: its number, size and name.
    const FILE: Self = Self(6);
    /// The file of this number has come so many per cent.
    const PROGRESS: Self = Self(7);
    /// The file of this number was answered: status; the attachment, or the code of the error.
    const UPLOADED: Self = Self(8);
    /// A picture: its id, and in the second line where it lies, if it could be had.
    const PICTURE: Self = Self(9);
    /// A file could not be saved.
    const NOT_SAVED: Self = Self(10);
    /// All unsent messages, one a line.
    const LOADED: Self = Self(11);
    /// An unsent message could not be kept.
    const NOT_KEPT: Self = Self(12);
    /// A timer ran out.
    const TIMER: Self = Self(13);
    /// The socket is open.
    const OPENED: Self = Self(14);
    /// A text frame came.
    const FRAME: Self = Self(15);
    /// The socket closed with this code.
    const CLOSED: Self = Self(16);
    /// Status, number and body of a poll's answer.
    const POLLED: Self = Self(17);
    /// Status, number and body of the answer to commands.
    const ANSWERED: Self = Self(18);
    /// The network (1) or the page (0) came back.
    const WOKE: Self = Self(19);
    /// This tab holds the lock it asked for.
    const OWNER: Self = Self(20);
    /// Another tab changed the unsent messages.
    const CHANGED: Self = Self(21);
}

/// Something the page told.
struct Event<'a> {
    what: Told,
    /// The two numbers.
    a: u32,
    b: u32,
    text: &'a str,
    /// A steady clock and the wall clock, in milliseconds.
    now: u64,
    wall: i64,
    /// Chance.
    dice: [u8; door::DICE],
}
