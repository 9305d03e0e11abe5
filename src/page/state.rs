//! What the components share: signals to show, and the room where the machines stand (server, consoles, connections).

use super::{
    address,
    chunks,
    console::{Console, Observer},
    element::Element,
    keep,
    lesson_state::LessonState,
    link::{Link, PageRuntime, Remotes},
    live::{Live, forever},
    panes::{Panes, title},
    programs,
    storage,
    stream_state::StreamState,
    tap::Tap,
    tty::{Reading, Tty},
    view::Viewer,
};
use crate::{
    cli::shell::MemoryFiles,
    client::runtime::Runtime,
    host::{BrowserRuntime, Host},
    lesson::Terminal,
};
use leptos::{
    prelude::{document, request_animation_frame, window},
    wasm_bindgen::JsValue,
};
use std::{
    cell::{Cell, RefCell},
    future::pending,
    rc::Rc,
};

/// Exit code after ^C.
const INTERRUPTED: i32 = 130;
/// Until the page tries again to become a client of the server in it, in ns.
const RETRY: i64 = 1_000_000_000;

/// Everything the components share.
#[derive(Clone, Copy)]
pub struct Page {
    /// Step, progress, checks.
    pub lesson: LessonState,
    /// Which terminals are open.
    pub panes: Panes,
    /// The bucket that is shown.
    pub stream: StreamState,
    /// Which server is connected.
    pub link: Live<Link>,
    /// The server's time in ns since 1970, moved on once a second.
    pub clock: Live<i64>,
    /// The first command can be typed.
    pub ready: Live<bool>,
    /// Commands run in terminals A and B since there was nothing.
    pub commands: Live<Vec<String>>,
    /// The dialog "Connect" is open, with this address offered.
    pub connecting: Live<Option<String>>,
    /// The dialog "Share" is open.
    pub sharing: Live<bool>,
    /// The question "Begin again?" is open.
    pub resetting: Live<bool>,
    /// What this browser keeps is not this page's to change: another tab keeps it, or the session is shared.
    pub guest: Live<bool>,
    /// A command that waits for the person's consent.
    pub asked: Live<Option<Asked>>,
    /// What the person should know of this browser.
    pub notice: Live<&'static str>,
    /// The page is part of another.
    pub embedded: bool,
    room: &'static Room,
}

/// A command of the lesson that would change a bucket which was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The bucket.
    pub bucket: String,
    /// Where the command would run.
    pub terminal: Terminal,
    /// The command.
    pub line: String,
}

/// The machines.
pub struct Room {
    /// Where the in-page server runs.
    pub host: Host,
    /// Command lines of the shared session that the address holds, if it holds one.
    pub shared: Vec<String>,
    /// Terminals A, B and the server's.
    consoles: [Rc<Console>; 3],
    frames: [Rc<Frame>; 3],
    /// The page's own connection to the in-page server.
    viewer: RefCell<Option<Rc<dyn Viewer>>>,
    /// The real server, while one is connected.
    pub remote: Remotes,
    /// Where the terminals' connections can be listened to.
    pub tap: Tap,
    /// Where a line runs that a key began at its button: the keyboard stays there until the line asks something.
    stays: Cell<Option<Terminal>>,
    /// Time and tasks; the clock is that of the server that is connected.
    runtime: Rc<dyn Runtime>,
}

impl Page {
    /// Sets everything up; nothing runs yet.
    pub fn new(embedded: bool, shared: Vec<String>) -> Page {
        let host = Host::new(Rc::new(BrowserRuntime::new()));
        let remote = Remotes::default();
        let runtime: Rc<dyn Runtime> = Rc::new(PageRuntime {
            host: host.clone(),
            remotes: remote.clone(),
            wall: BrowserRuntime::new(),
        });
        let frames = [(); 3].map(|()| Rc::<Frame>::default());
        let page = Rc::new(Cell::new(None));
        let files = Rc::new(MemoryFiles::new(programs::HOME));
        let history = storage::history();
        let tap = Tap::new(runtime.clone());
        let server = Rc::new(Cell::new(Terminal::Server));
        let consoles = [Terminal::A, Terminal::B, Terminal::Server].map(|terminal| {
            let frame = frames[terminal as usize].clone();
            let watcher = Rc::new(Watcher { terminal, page: page.clone(), frame });
            let drawn = watcher.clone();
            let tty = Tty::new(Box::new(move || drawn.changed()));
            let history = if terminal == Terminal::Server { Vec::new() } else { history.clone() };
            let place = programs::Place {
                terminal,
                tap: tap.clone(),
                host: host.clone(),
                server: server.clone(),
                remote: remote.clone(),
                runtime: runtime.clone(),
            };
            let shell = programs::shell(place, tty.clone(), files.clone(), history);
            Console::new(tty, shell, runtime.clone(), watcher)
        });
        let viewer = RefCell::default();
        let guest = !shared.is_empty();
        let room = Room { host, shared, consoles, frames, viewer, remote, tap, stays: Cell::default(), runtime };
        let built = Page {
            lesson: LessonState::new(),
            panes: Panes::new(),
            stream: StreamState::new(),
            link: Live::new(Link::InPage),
            clock: Live::new(room.host.now().0),
            ready: Live::new(false),
            commands: Live::new(storage::commands()),
            connecting: Live::new(None),
            sharing: Live::new(false),
            resetting: Live::new(false),
            guest: Live::new(guest),
            asked: Live::new(None),
            notice: Live::new(""),
            embedded,
            room: forever(room),
        };
        page.set(Some(built));
        built
    }

    /// The machines.
    pub fn room(self) -> &'static Room {
        self.room
    }

    /// A terminal.
    pub fn console(self, terminal: Terminal) -> Rc<Console> {
        self.room.consoles[terminal as usize].clone()
    }

    /// What draws a terminal.
    pub fn frame(self, terminal: Terminal) -> Rc<Frame> {
        self.room.frames[terminal as usize].clone()
    }

    /// The page's own connection, once it is there.
    pub fn viewer(self) -> Option<Rc<dyn Viewer>> {
        match &*self.room.remote.borrow() {
            Some(remote) => Some(remote.viewer.clone()),
            None => self.room.viewer.borrow().clone(),
        }
    }

    /// Time and tasks; the clock is that of the server that is connected.
    pub fn runtime(self) -> Rc<dyn Runtime> {
        self.room.runtime.clone()
    }

    /// Starts the server, connects to it and brings it to where the page should be; then the page is ready.
    pub fn start(self, prepare: &'static [&'static str]) {
        let room = self.room();
        let (server, commands) = match prepare.split_first() {
            Some((first, rest)) => (first.to_string(), rest),
            None if !room.shared.is_empty() => ("nats-server -js".into(), prepare),
            None => (storage::get("server").unwrap_or_else(|| "nats-server".into()), prepare),
        };
        self.lesson.preparing.set(true);
        let runtime = room.host.runtime();
        runtime.clone().spawn(Box::pin(async move {
            if self.guest.get_untracked() {
                self.notice.set(keep::SHARED);
            } else if !self.embedded {
                keep::begin(self).await;
                // Not before it is known whether another tab keeps it.
                self.lesson.keep_place();
                // What is kept was made by this clock: behind it, it would be of the future, and expire late.
                room.host.advance(storage::ahead()).await;
            }
            self.console(Terminal::Server).enter(server, false);
            let commands = commands.iter().map(|command| command.to_string());
            self.enter_each(commands.chain(room.shared.iter().cloned())).await;
            room.host.started(|_| true).await;
            self.ready.set(true);
            self.prepared();
        }));
        runtime.spawn(Box::pin(self.stay_attached()));
    }

    /// The server is where the step starts, as far as that could be done.
    fn prepared(self) {
        self.lesson.lacks.set(None);
        self.lesson.preparing.set(false);
        self.stream.look(self);
    }

    /// Brings the server in this page to where a step starts, for who has left out the steps before it.
    pub fn prepare(self, prepare: &'static [&'static str]) {
        self.lesson.preparing.set(true);
        self.panes.show(Terminal::A);
        let Some((server, commands)) = prepare.split_first() else { return };
        self.runtime().spawn(Box::pin(async move {
            let host = &self.room().host;
            if host.running().is_none_or(|config| config.jetstream.is_none()) {
                let console = self.console(Terminal::Server);
                console.free().await;
                console.enter(server.to_string(), false);
                host.started(|config| config.jetstream.is_some()).await;
            }
            self.console(Terminal::A).free().await;
            self.enter_each(commands.iter().map(|command| command.to_string())).await;
            self.prepared();
        }));
    }

    /// Runs lines in terminal A. What asks something has to be answered by a person, not by the line behind it.
    async fn enter_each(self, lines: impl Iterator<Item = String>) {
        let console = self.console(Terminal::A);
        for line in lines {
            console.enter(line, false);
            console.idle().await;
        }
    }

    /// Connects the page itself to the server in this page whenever one runs that keeps messages, as long as it does.
    async fn stay_attached(self) {
        loop {
            self.room.host.started(|config| config.jetstream.is_some()).await;
            let over = match chunks::view().await {
                Ok(view) => (view.attach)(self).await,
                Err(_) => None,
            };
            match over {
                Some(over) => {
                    over.unless(pending::<()>()).await;
                    // Not by a function that also sets one: the compiler would make a single one that knows the only kind
                    // of viewer, and with it all its code would be here.
                    *self.room.viewer.borrow_mut() = None;
                    self.stream.look(self);
                }
                None => self.runtime().sleep(RETRY).await,
            }
        }
    }

    /// The page is connected to the server in it.
    pub fn attached(self, viewer: Rc<dyn Viewer>) {
        *self.room.viewer.borrow_mut() = Some(viewer);
        self.stream.look(self);
    }

    /// Opens a step. The text begins anew: so does whoever reads it aloud, as soon as it is there, unless they have gone
    /// elsewhere meanwhile.
    pub fn open(self, index: usize) {
        self.lesson.open(index, self.panes);
        self.lesson.keep_place();
        self.stream.look(self);
        let before = document().active_element();
        request_animation_frame(move || {
            let now = document().active_element();
            // Nothing has the keyboard once the button is gone that was pressed; it is the body's then.
            if now == before || now.as_ref() == document().body().as_deref() {
                focus(".lesson h2");
            }
        });
    }

    /// Turns to a step, and says so in the address: Back leads to the step before. The way back of a page around this one is
    /// not ours to lengthen.
    pub fn turn(self, index: usize) {
        let fragment = || address::fragment(&self.room.shared, self.lesson.current().slug);
        let before = fragment();
        self.open(index);
        let (after, nothing) = (fragment(), JsValue::NULL);
        let Ok(history) = window().history() else { return };
        if self.embedded {
            history.replace_state_with_url(&nothing, "", Some(&after)).ok();
        } else {
            // The address that the page was opened with may be without a step.
            history.replace_state_with_url(&nothing, "", Some(&before)).ok();
            history.push_state_with_url(&nothing, "", Some(&after)).ok();
        }
    }

    /// Runs a command of the lesson in a terminal, for all to see. Asks first if it would change a bucket of a real server
    /// that was there before. Who presses its button by a key stays there, on the way to the next.
    pub fn run(self, terminal: Terminal, line: String, by_key: bool) {
        let remote = self.room().remote.borrow().clone();
        if let Some(bucket) = remote.and_then(|remote| remote.endangered(&line)) {
            self.asked.set(Some(Asked { bucket, terminal, line }));
            return;
        }
        self.panes.show(terminal);
        self.room.stays.set(Some(terminal).filter(|_| by_key));
        self.console(terminal).click(line);
        // A phone would bring up its keyboard, and hide what is to be seen.
        if !by_key && !self.panes.narrow() {
            self.focus(terminal);
        }
    }

    /// Puts the keyboard into a terminal.
    pub fn focus(self, terminal: Terminal) {
        focus(&format!("textarea[aria-label='{} command']", title(terminal)));
    }

    /// The keyboard may go to a terminal; whether it stayed at the button of what runs there.
    fn stays_no_more(self, terminal: Terminal) -> bool {
        let stays = &self.room.stays;
        let stayed = stays.get() == Some(terminal);
        stays.set(stays.get().filter(|_| !stayed));
        stayed
    }

    /// Somebody has to look at a terminal, which may be out of sight.
    fn bring(self, terminal: Terminal) {
        let stayed = self.stays_no_more(terminal);
        let away = self.panes.bring() && !self.panes.narrow();
        if stayed || away {
            request_animation_frame(move || self.focus(terminal));
        }
    }

    /// A line has begun to run in a terminal.
    fn started(self, terminal: Terminal, line: &str) {
        self.panes.running(terminal, true);
        self.lesson.ran(terminal, line);
        if terminal == Terminal::Server {
            storage::keep_server(line);
            if let Some(viewer) = self.viewer() {
                viewer.reconnect_now();
            }
        } else {
            if let Some(remote) = &*self.room.remote.borrow() {
                remote.used[terminal as usize].set(true);
            }
            self.stream.mentioned(line);
            // A watch may run for long on a bucket that somebody else has made.
            self.stream.look(self);
            storage::keep_history(line);
        }
    }

    /// A line has ended.
    fn ended(self, terminal: Terminal, line: &str, code: i32) {
        // What ended by ^C would not end by itself when it is replayed.
        if terminal != Terminal::Server && code != INTERRUPTED {
            self.commands.update(|commands| commands.push(line.to_string()));
            self.commands.with_untracked(|commands| storage::keep_commands(commands));
        }
        self.panes.running(terminal, false);
        self.stays_no_more(terminal);
        self.stream.look(self);
        if code != 0 && code != INTERRUPTED {
            self.bring(terminal);
        }
    }
}

/// Puts the keyboard into the first such element.
pub fn focus(selector: &str) {
    if let Ok(Some(found)) = document().query_selector(selector) {
        Element::from(found).focus();
    }
}

/// What a console tells the page.
struct Watcher {
    terminal: Terminal,
    page: Rc<Cell<Option<Page>>>,
    frame: Rc<Frame>,
}

impl Observer for Watcher {
    fn changed(&self) {
        self.frame.request();
        if let Some(page) = self.page.get() {
            let console = page.console(self.terminal);
            console.feed();
            if console.tty.reading() != Reading::Nothing {
                page.bring(self.terminal);
            }
        }
    }

    fn started(&self, line: &str) {
        if let Some(page) = self.page.get() {
            page.started(self.terminal, line);
        }
    }

    fn ended(&self, line: &str, code: i32) {
        if let Some(page) = self.page.get() {
            page.ended(self.terminal, line, code);
        }
    }
}

/// Draws something at the next animation frame, however often it is asked for before.
#[derive(Default)]
pub struct Frame {
    draw: RefCell<Option<Box<dyn FnMut()>>>,
    pending: Cell<bool>,
}

impl Frame {
    /// What to draw.
    pub fn set(self: &Rc<Self>, draw: impl FnMut() + 'static) {
        *self.draw.borrow_mut() = Some(Box::new(draw));
        self.request();
    }

    /// Draws at the next frame.
    pub fn request(self: &Rc<Self>) {
        if self.pending.replace(true) {
            return;
        }
        let frame = self.clone();
        request_animation_frame(move || {
            frame.pending.set(false);
            // Taken out, so that drawing may ask for another frame.
            let draw = frame.draw.take();
            if let Some(mut draw) = draw {
                draw();
                frame.draw.borrow_mut().get_or_insert(draw);
            }
        });
    }
}
