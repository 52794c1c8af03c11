//! The model as a whole, fed with what a server would say.

mod fixture;
mod queue;
mod tabs;
mod writing;
