//! Explores all states of a small model, breadth first, and finds the shortest way to a wrong one.
//!
//! A model whose states are finitely many is explored completely: what holds here holds for runs of
//! any length. It deliberately has no bound of its own; a model that does not end is a mistake in it.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Debug;
use std::hash::Hash;

/// What is explored.
pub(crate) trait Model {
    type State: Copy + Eq + Hash + Debug;
    type Action: Copy + Debug;

    fn initial(&self) -> Self::State;
    /// What may happen in a state.
    fn actions(&self, state: &Self::State) -> Vec<Self::Action>;
    /// The state after it, or which rule the step broke.
    fn step(&self, state: &Self::State, action: Self::Action) -> Result<Self::State, String>;
    /// Whether everything is done.
    fn is_goal(&self, state: &Self::State) -> bool;
    /// Whether a state has to have a way to a goal.
    fn owes_goal(&self, state: &Self::State) -> bool;
    /// Whether that way may use the action: a way that waits for an operator is none.
    fn leads_to_goal(&self, action: Self::Action) -> bool;
}

/// How much was seen, nothing wrong in it.
#[derive(Debug)]
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    pub(crate) goals: usize,
    pub(crate) depth: usize,
}

/// The shortest run that breaks a rule.
#[derive(Debug)]
pub(crate) struct Counterexample {
    pub(crate) broken: String,
    pub(crate) run: Vec<String>,
    pub(crate) states: usize,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} states and {} transitions explored, {} steps deep, {} states with all done",
            self.states, self.transitions, self.depth, self.goals
        )
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.run.join(", ");
        write!(
            f,
            "{} after {run} ({} states explored)",
            self.broken, self.states
        )
    }
}

/// A state, and how it was reached first.
struct Node<M: Model> {
    state: M::State,
    from: Option<(usize, M::Action)>,
    depth: usize,
}

pub(crate) fn explore<M: Model>(model: &M) -> Result<Explored, Counterexample> {
    let mut nodes: Vec<Node<M>> = vec![Node {
        state: model.initial(),
        from: None,
        depth: 0,
    }];
    let mut seen = HashMap::from([(model.initial(), 0)]);
    let mut edges: Vec<(usize, usize)> = vec![];
    let mut transitions = 0;
    let mut at = 0;
    while at < nodes.len() {
        let (state, depth) = (nodes[at].state, nodes[at].depth);
        for action in model.actions(&state) {
            transitions += 1;
            let next = model
                .step(&state, action)
                .map_err(|broken| counterexample(&nodes, at, Some(action), broken))?;
            let index = *seen.entry(next).or_insert_with(|| {
                nodes.push(Node {
                    state: next,
                    from: Some((at, action)),
                    depth: depth + 1,
                });
                nodes.len() - 1
            });
            if model.leads_to_goal(action) {
                edges.push((index, at));
            }
        }
        at += 1;
    }
    let reaches = reaching_goal(model, &nodes, edges);
    let stuck = (0..nodes.len()).find(|i| model.owes_goal(&nodes[*i].state) && !reaches[*i]);
    if let Some(stuck) = stuck {
        let broken = "from here on nothing can be finished any more".to_owned();
        return Err(counterexample(&nodes, stuck, None, broken));
    }
    Ok(Explored {
        states: nodes.len(),
        transitions,
        goals: nodes.iter().filter(|n| model.is_goal(&n.state)).count(),
        depth: nodes.last().map_or(0, |node| node.depth),
    })
}

/// Which states have a way to a goal: walks the edges, given as (to, from), backwards.
fn reaching_goal<M: Model>(
    model: &M,
    nodes: &[Node<M>],
    mut edges: Vec<(usize, usize)>,
) -> Vec<bool> {
    edges.sort_unstable();
    let mut reaches: Vec<bool> = nodes.iter().map(|n| model.is_goal(&n.state)).collect();
    let mut open: Vec<usize> = (0..nodes.len()).filter(|i| reaches[*i]).collect();
    while let Some(to) = open.pop() {
        let first = edges.partition_point(|edge| edge.0 < to);
        for (_, from) in edges[first..].iter().take_while(|edge| edge.0 == to) {
            if !reaches[*from] {
                reaches[*from] = true;
                open.push(*from);
            }
        }
    }
    reaches
}

fn counterexample<M: Model>(
    nodes: &[Node<M>],
    at: usize,
    last: Option<M::Action>,
    broken: String,
) -> Counterexample {
    let mut run: Vec<String> = last.iter().map(|action| format!("{action:?}")).collect();
    let mut at = at;
    while let Some((from, action)) = nodes[at].from {
        run.push(format!("{action:?}"));
        at = from;
    }
    run.reverse();
    Counterexample {
        broken,
        run,
        states: nodes.len(),
    }
}
