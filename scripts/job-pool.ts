import { Worker } from 'node:worker_threads';

/**
 * Hands tasks to worker threads, one at a time each, and yields what they answer as it comes. A worker gets a task as a
 * message and posts one message in return.
 */
export async function* jobPool<Task, Answer>(
  file: URL,
  tasks: readonly Task[],
  jobs: number,
): AsyncGenerator<{ readonly task: Task; readonly answer: Answer }> {
  const left = [...tasks];
  const answers: { task: Task; answer: Answer }[] = [];
  let wake: () => void = () => undefined;
  let failure: unknown;
  let running = 0;
  const workers = Array.from({ length: Math.min(jobs, tasks.length) }, () => {
    const worker = new Worker(file);
    let task: Task | undefined;
    const next = (): void => {
      task = left.shift();
      if (task === undefined) return;
      running += 1;
      worker.postMessage(task);
    };
    worker.on('message', (answer: Answer) => {
      answers.push({ task: task as Task, answer });
      running -= 1;
      next();
      wake();
    });
    worker.on('error', error => {
      failure = error;
      wake();
    });
    next();
    return worker;
  });
  try {
    for (;;) {
      const answer = answers.shift();
      if (answer !== undefined) {
        yield answer;
        continue;
      }
      if (failure !== undefined) throw failure;
      if (running === 0 && left.length === 0) return;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}
